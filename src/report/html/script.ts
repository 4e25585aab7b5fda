/** Filters the rows by the words in the search box; without it the page is whole. */
export const SCRIPT = `
{
  const form = document.querySelector('.search')
  const box = form.querySelector('input')
  const status = form.querySelector('output')
  const rows = [...document.querySelectorAll('[data-row]')]
  const texts = rows.map(row => row.textContent.toLowerCase())
  const groups = [...document.querySelectorAll('[data-group]')]
  const filter = () => {
    const words = box.value.toLowerCase().split(' ').filter(word => word !== '')
    rows.forEach((row, index) => {
      row.hidden = !words.every(word => texts[index].includes(word))
    })
    for (const group of groups) {
      const note = group.querySelector('.nothing')
      if (note) note.hidden = group.querySelector('[data-row]:not([hidden])') !== null
    }
    const shown = rows.filter(row => !row.hidden).length
    status.textContent = words.length === 0 ? '' : shown + ' of ' + rows.length + ' rows'
  }
  form.hidden = false
  box.addEventListener('input', filter)
  form.addEventListener('submit', event => event.preventDefault())
  filter()
}
`
